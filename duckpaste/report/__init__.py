"""Report: pages for people, each one self-contained HTML file. They show exact statistics of private data: internal."""
