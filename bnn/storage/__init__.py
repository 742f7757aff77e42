"""Files and folders that appear whole or not at all, locks, records, and a cache by content."""
