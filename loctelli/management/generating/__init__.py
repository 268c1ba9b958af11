"""Generated sub-accounts: as many made-up leads as one asks for, to see how Loctelli behaves when it is full."""
