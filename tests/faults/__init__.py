"""What goes wrong around a language server, done on purpose: `SECURITY.md` has a row for each module."""
