"""A rollout server: writes many texts at once with the base model and PEFT adapters, over the part of vLLM's gRPC that GQR uses."""
