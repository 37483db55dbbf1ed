"""Make a release on this machine: refuse what is not ready, build, try what was built, tag."""
