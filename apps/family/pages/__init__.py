"""The family's pages: each shows what is open of a child to whoever asks, and is not there for anybody else."""
