"""Notes that only their owner can read: a FastAPI app guarded by Gatepost."""
