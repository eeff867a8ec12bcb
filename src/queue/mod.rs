//! What is still to be done: SQS, or a SQLite file for one machine.
