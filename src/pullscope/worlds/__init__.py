"""WHO ANSWERS AND WHO ASKS: worlds that answer requests in memory, and the clients that make them. No sockets here."""
