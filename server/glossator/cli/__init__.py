"""The shell's view of Glossator: one short module a command group. Prints, progress bars and exit codes; no logic."""
