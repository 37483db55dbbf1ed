"""The page that a person looks at in a browser: tasks as they go, creates, faults and dialects."""
