"""The pages; every module of this folder is one."""
