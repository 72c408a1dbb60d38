# a tree of a thousand processes, each with its own bytes
exec /real/fork_tree
