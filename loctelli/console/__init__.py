"""The console: Django's admin, with unfold's look, over all sub-accounts."""
