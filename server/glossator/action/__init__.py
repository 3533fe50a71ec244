"""What a user can ask for: prompt files become actions, an action runs to an outcome. Knows nothing of editors."""
