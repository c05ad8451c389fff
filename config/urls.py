"""Every address of the product: the machines' API, the desk, the admin."""

from api.urls import urlpatterns as machines
from approvals.urls import urlpatterns as people
from django.contrib import admin
from django.urls import path

urlpatterns = [*machines, path("admin/", admin.site.urls), *people]
