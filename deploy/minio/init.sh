# Makes the bucket, versioned and with object lock, and the services' account on it. Running it again changes nothing but the password.
mc alias set store http://minio:9000 root "$MINIO_ROOT_PASSWORD"
mc mb --ignore-existing --with-lock store/ami-garantie
mc admin user add store ami-garantie "$S3_SECRET_KEY"
mc admin policy create store ami-garantie /policy.json
if ! mc admin user info store ami-garantie | grep -q "PolicyName: ami-garantie"; then
  mc admin policy attach store ami-garantie --user ami-garantie
fi
