"""Plain Django REST framework over Loctelli's tables, as its tutorials write it: no walls, no throttles, no audit."""
