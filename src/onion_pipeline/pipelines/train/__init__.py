"""Train the network and keep its best epoch."""
