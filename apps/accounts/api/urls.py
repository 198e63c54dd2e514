"""Addresses."""

from django.urls import URLPattern, path

from apps.accounts.api.views import LoginsOfOthers, OwnLogin, Policy, SecondFactor, WithoutToken

# At a school's address and at the operators'.
OWN: list[URLPattern] = [
    path("auth/login", WithoutToken.as_view({"post": "log_in"})),
    path("auth/refresh", WithoutToken.as_view({"post": "refresh"})),
    path("auth/forgotten", WithoutToken.as_view({"post": "forget_password"})),
    path("auth/redeem", WithoutToken.as_view({"post": "redeem"})),
    path("auth/logout", OwnLogin.as_view({"post": "log_out"})),
    path("auth/logout-everywhere", OwnLogin.as_view({"post": "log_out_everywhere"})),
    path("me/password", OwnLogin.as_view({"post": "change_password"})),
    path("me/totp", SecondFactor.as_view({"post": "begin", "delete": "remove"})),
    path("me/totp/confirm", SecondFactor.as_view({"post": "confirm"})),
]
urlpatterns: list[URLPattern] = [
    *OWN,
    path("users/<uuid:id>/invite", LoginsOfOthers.as_view({"post": "invite"})),
    path("users/<uuid:id>/deactivate", LoginsOfOthers.as_view({"post": "deactivate"})),
    path("users/<uuid:id>/activate", LoginsOfOthers.as_view({"post": "activate"})),
    path("users/<uuid:id>/logout-everywhere", LoginsOfOthers.as_view({"post": "log_out_everywhere"})),
    path("users/<uuid:id>/totp", LoginsOfOthers.as_view({"delete": "reset_second_factor"})),
    path("account-policy", Policy.as_view({"get": "show", "put": "change"})),
]
