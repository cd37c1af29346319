"""The room of user-defined functions: users' Python code, run in a process of its own.

`runtimes` (light) says what is offered; `runner` starts the process and speaks with it
through `messages`; `child` is what runs there, confined by `sandbox`.

What confines the code is the kernel of Linux: Landlock (files: libraries can be read, one
empty folder can be written, nothing else can be opened; no TCP, no signals to others),
seccomp (no sockets, no new processes, no programs, no looking into other processes),
resource limits (memory, processor time, size of files), no capabilities, an empty
environment and no inherited files. The runner adds a deadline and a limit on the folder.
Where the kernel has no Landlock, no code is run at all. Not confined: how much of the
processor's time it takes within its limits, and side channels of the hardware.
"""
