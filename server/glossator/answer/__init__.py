"""Model text in, facts out: thoughts apart from answers, answers to edits, edits to checked edits."""
