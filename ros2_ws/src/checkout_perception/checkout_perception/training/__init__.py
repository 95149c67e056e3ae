"""Train the tray detector. Needs torch (`scripts/bootstrap --with train`); nothing at run time imports it."""
