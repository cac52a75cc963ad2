"""A thread that blocks in C as one does in a collective: no signal reaches its Python code."""

import ctypes
import time


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def block_in_c(seconds: float) -> None:
    """Wait for a lock that this thread holds itself; unlike a sleep, no signal interrupts it."""
    libc = ctypes.CDLL(None)
    mutex = ctypes.create_string_buffer(128)  # zeros are PTHREAD_MUTEX_INITIALIZER
    end = time.time() + seconds
    until = _Timespec(int(end), int(end % 1 * 1e9))
    assert libc.pthread_mutex_lock(mutex) == 0
    assert libc.pthread_mutex_timedlock(mutex, ctypes.byref(until)) != 0
