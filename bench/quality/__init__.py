"""How often an answer is right: problems with tests, asked as assistants ask and as Glossator asks, side by side."""
