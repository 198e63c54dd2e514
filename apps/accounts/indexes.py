from schoolops.indexes import IndexSpec

INDEXES = (
    IndexSpec(
        "token_family_by_user",
        "accounts_tokenfamily",
        ("user_id",),
        condition="revoked_at IS NULL",
        purpose="log out everywhere",
    ),
    IndexSpec("token_by_family", "accounts_token", ("family_id",), purpose="the tokens of one login"),
    IndexSpec(
        "one_time_link_by_user",
        "accounts_onetimelink",
        ("user_id",),
        condition="used_at IS NULL",
        purpose="a new link, or a new password, ends the open ones",
    ),
    IndexSpec("token_by_expiry", "accounts_token", ("expires_at",), purpose="sweeping out expired tokens"),
)
