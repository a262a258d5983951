"""The demonstration: real communes, plausible operations, played through the public HTTP APIs."""
