"""Cases: from evidence on links to suspects, from suspects to campaigns."""
