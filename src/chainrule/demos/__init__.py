"""Systems of the textbooks, ready to run: each module shows one."""
