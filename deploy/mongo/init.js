// Makes the replica set and an account for each service on its own database. Running it again changes nothing but
// the passwords.
const members = ["mongo-1:27017", "mongo-2:27017", "mongo-3:27017"];
const root = `root:${process.env.MONGO_ROOT_PASSWORD}`;

const first = connect(`mongodb://${root}@${members[0]}/?directConnection=true&authSource=admin`);
try {
  first.adminCommand({ replSetGetStatus: 1 });
} catch (refused) {
  if (refused.codeName !== "NotYetInitialized") throw refused;
  first.adminCommand({
    replSetInitiate: { _id: "ami", members: members.map((host, number) => ({ _id: number, host })) },
  });
}

function account(database, name, password, roles) {
  if (database.getUser(name) === null) database.createUser({ user: name, pwd: password, roles });
  else database.updateUser(name, { pwd: password, roles });
}

// Waits for a primary, within the driver's server selection time.
const set = connect(`mongodb://${root}@${members.join(",")}/?replicaSet=ami&authSource=admin`);
for (const service of ["intake", "instruction", "pricing", "contracting", "envelope"]) {
  const password = process.env[`MONGO_PASSWORD_${service.toUpperCase()}`];
  account(set.getSiblingDB(service), service, password, [{ role: "readWrite", db: service }]);
}
account(set.getSiblingDB("admin"), "auditor", process.env.MONGO_PASSWORD_AUDITOR, ["readAnyDatabase"]);
