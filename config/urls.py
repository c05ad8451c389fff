"""Every address of the product: the machines' API, the desk, the admin."""

from django.contrib import admin
from django.urls import path

from api.urls import urlpatterns as machines
from approvals.urls import urlpatterns as people

# The API comes last here: its root would answer for the desk's. Its own handler asks it alone.
urlpatterns = [path("admin/", admin.site.urls), *people, *machines]
