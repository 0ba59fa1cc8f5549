"""Adds numbers over all processes of an MPI job, with nothing but Open MPI's library: mpi4py does the same with more comfort.

    Estimator(..., entry_point="mpi_sum.py", instance_count=2, distribution={"mpi": {"enabled": True, "processes_per_host": 2}})
"""

import ctypes
import os

lib = ctypes.CDLL("libmpi.so.40", mode=ctypes.RTLD_GLOBAL)


def predefined(name):
    """The address of a handle such as MPI_COMM_WORLD, as Open MPI's headers define it."""
    return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(lib, name)))


world = predefined("ompi_mpi_comm_world")
lib.MPI_Init(None, None)
rank, size = ctypes.c_int(), ctypes.c_int()
lib.MPI_Comm_rank(world, ctypes.byref(rank))
lib.MPI_Comm_size(world, ctypes.byref(size))
mine, total = ctypes.c_double(rank.value + 1), ctypes.c_double()
lib.MPI_Allreduce(ctypes.byref(mine), ctypes.byref(total), 1, predefined("ompi_mpi_double"), predefined("ompi_mpi_op_sum"), world)
print(f"rank {rank.value} of {size.value} on {os.environ['SM_CURRENT_HOST']}: the sum is {total.value:g}", flush=True)
if os.environ.get("SM_HP_FAIL") == str(rank.value):
    raise SystemExit(f"rank {rank.value} fails as asked")
lib.MPI_Finalize()
