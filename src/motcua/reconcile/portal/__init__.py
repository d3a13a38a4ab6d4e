"""The National Portal's public figures, asked over HTTP and put beside ours."""
