"""What Glossator costs and how good it is, side by side with what a user would run instead, in one run."""
