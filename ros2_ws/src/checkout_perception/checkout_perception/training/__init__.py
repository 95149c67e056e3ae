"""Train the tray detector from a data set on disk. Needs torch (`scripts/bootstrap --with train`); nothing at run time imports it."""
