"""Card payments through somebody else: their page takes the card, we hear what became of it, and never see a card.

``interface`` says what is asked of any of them, ``signing`` whether it is they who write, ``asking`` keeps a school
whose gateway is away from waiting for it. Whatever is read of an order is what the gateway says when it is asked;
what it writes by itself only says which order to ask about.
"""
