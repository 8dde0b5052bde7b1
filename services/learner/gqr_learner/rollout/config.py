"""Config of `serve-rollout`."""

from dataclasses import dataclass

from gqr_learner.config import option


@dataclass(frozen=True)
class Config:
    """Config of `serve-rollout`."""

    listen: str = option(
        "127.0.0.1:0", "Where gRPC listens, host:port; port 0 takes a free one, which the first line of stage serve names"
    )
    served_name: str = option("base", "Name under which the base model is served; a request that names another is refused")
    adapters_folder: str = option("", "Folder below which adapters may be loaded; empty forbids loading any")
    max_adapters: int = option(8, "Adapters that may be loaded at the same time", least=0, most=1024)
    max_running: int = option(
        64,
        "Texts that are written at the same time; memory grows with it, and speed until the processor is full",
        least=1,
        most=4096,
    )
    max_waiting: int = option(512, "Requests that wait for their turn; more are refused at once", least=0, most=100000)
    max_tokens: int = option(2048, "Longest prompt and its text together", least=16, most=131072)
    cached_tokens: int = option(
        16384, "Tokens of prompts that are kept after use, for requests that share them", least=0, most=10000000
    )
    dtype: str = option(
        "auto",
        "Precision of the base model; auto: bfloat16 where the hardware multiplies it, else float32",
        choices=("auto", "bfloat16", "float32"),
    )
    device: str = option("auto", "Where the model runs; auto: a GPU if there is one", choices=("auto", "cpu", "cuda"))
    threads: int = option(0, "Threads of one evaluation on the CPU; 0 for all cores that the process may use", least=0, most=1024)
    drain_seconds: float = option(
        10.0, "How long texts that are being written may take once the server was told to stop", least=0, most=3600
    )
