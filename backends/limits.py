"""What one request, computation or user may take at a backend."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one request or user may take. Sizes are in bytes, times in seconds."""

    sync_samples: int = 100_000_000
    """Samples (pixels x bands x dates) that one synchronous request may load."""
    batch_samples: int = 1_000_000_000
    """Samples that a batch job may load."""
    result_bytes: int = 20_000_000_000
    """What one computation may save, before it is compressed."""
    sync_deadline: float = 300.0
    batch_deadline: float = 3600.0
    sources_patience: float = 900.0
    """How long a batch job waits for results that another one still computes."""
    absence_patience: float = 60.0
    """How long a batch job waits for a server that it loads from and that is away."""
    concurrent_sync: int = 2
    """Synchronous requests that compute at the same time."""
    sync_waiting: int = 6
    """Synchronous requests that may wait for their turn; more are told to come back."""
    sync_patience: float = 30.0
    """Seconds that a synchronous request waits for its turn."""
    concurrent_jobs: int = 1
    """Batch jobs that compute at the same time; more wait in the queue."""
    concurrent_jobs_per_user: int = 2
    """Batch jobs of one user that compute at the same time."""
    queue_length: int = 100
    request_bytes: int = 5_000_000
    result_days: float = 7.0
    """How long the signed links to results stay valid."""
    keep_results_days: float = 90.0
    """How long the files of a job are kept after it ended."""
    keep_jobs_days: float = 365.0
    """How long what is known of a job is kept after its last change."""
    graph_nodes: int = 10_000
    worker_threads: int = 2
    """Threads that one computation uses."""
    storage_bytes: int = 1_000_000_000
    """What each user may keep in files."""
    stored_files: int = 10_000
    """Files that each user may keep."""
    stored_processes: int = 1000
    """Processes that each user may keep."""
    services: int = 20
    """Web services that each user may have."""
    workspaces: int = 20
    """Workspaces that each user may have."""
    workspace_bytes: int = 10_000_000_000
    """What is in a workspace that is a folder of the backend's may take."""
    tile_deadline: float = 60.0
    """How long the computation of one tile may take."""
    tile_cache_bytes: int = 100_000_000
    """What the rendered tiles of all services take on disk at most."""
