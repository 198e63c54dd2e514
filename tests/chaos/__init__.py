"""Kill everything at random, plant a kill inside every arrow of a job's life, and count from outside what is lost."""
