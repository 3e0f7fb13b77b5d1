"""Speed and memory, measured against other libraries; see README.md."""
