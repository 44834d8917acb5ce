"""What container clients do, written once: generators that yield requests and receive responses."""
