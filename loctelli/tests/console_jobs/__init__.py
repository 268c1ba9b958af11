"""What the console is for, job by job, as a new admin does it: from the login page, by clicking and typing alone.

Each job is done twice, at a desk by day and on a telephone by night. The README's pictures are taken on the way.
"""
