"""Training in float32 and in bfloat16, with and without depthwise convolutions."""
