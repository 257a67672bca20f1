"""Relations (MARE): parents first, then how many children a row has and what they are, given what stands above them."""
