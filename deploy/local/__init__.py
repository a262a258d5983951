"""The local stacks: what the five services need on one machine, without Docker."""
