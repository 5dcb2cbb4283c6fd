# SPDX-License-Identifier: EUPL-1.2
"""A small zaaksysteem on notifications-api-common, as those in the field are made: Django, Django REST framework, PostgreSQL, zgw-consumers, Celery.

It has zaken, of whose every change it notifies (nrc-in takes that), gives them to who has a valid JWT, and takes notifications as the library's serializer
reads them (nrc-out sends them).

Usage: nrc_zaaksysteem.py PORT DATABASE_PORT SECRET HUB_URL
"""

import datetime
import json
import socketserver
import sys
import uuid
import wsgiref.simple_server

import django
import jwt
from celery import Celery
from django.conf import settings

PORT, DATABASE_PORT, SECRET, HUB = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]

settings.configure(
    SECRET_KEY="of this test", ALLOWED_HOSTS=["*"], USE_TZ=True, TIME_ZONE="Europe/Amsterdam", ROOT_URLCONF=__name__, FORCE_SCRIPT_NAME=None,
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "zaken", "USER": "beheer", "HOST": "127.0.0.1", "PORT": DATABASE_PORT}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "solo", "simple_certmanager", "zgw_consumers",
                    "notifications_api_common"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", SITE_DOMAIN=f"127.0.0.1:{PORT}", NOTIFICATIONS_SOURCE="zaaksysteem", IS_HTTPS=False,
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [], "UNAUTHENTICATED_USER": None,
                    "DEFAULT_RENDERER_CLASSES": ["djangorestframework_camel_case.render.CamelCaseJSONRenderer"],
                    "DEFAULT_PARSER_CLASSES": ["djangorestframework_camel_case.parser.CamelCaseJSONParser"]})
django.setup()
celery = Celery("zaaksysteem")
celery.conf.task_always_eager = True
celery.set_default()

from django.core.management import call_command
from django.db import connection, models
from django.urls import path
from notifications_api_common.api.serializers import NotificatieSerializer
from notifications_api_common.kanalen import Kanaal
from notifications_api_common.models import NotificationsConfig
from notifications_api_common.viewsets import NotificationViewSetMixin
from rest_framework import routers, serializers, viewsets
from rest_framework.exceptions import NotAuthenticated, PermissionDenied, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView
from zgw_consumers.constants import APITypes, AuthTypes
from zgw_consumers.models import Service


class Zaak(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    zaaktype = models.CharField(max_length=100, help_text="soort")
    startdatum = models.DateField()
    registratie = models.DateTimeField()
    einddatum = models.DateField(null=True)
    gemeente = models.CharField(max_length=10)
    vertrouwelijk = models.BooleanField(default=True, help_text="vertrouwelijk")

    class Meta:
        app_label = "zaaksysteem"


class Kanalen(models.Model):
    naam = models.CharField(max_length=50, unique=True)
    filters = models.JSONField()

    class Meta:
        app_label = "zaaksysteem"


class Ontvangen(models.Model):
    bericht = models.JSONField()

    class Meta:
        app_label = "zaaksysteem"


ZAKEN = Kanaal("zaken", main_resource=Zaak, kenmerken=("zaaktype", "vertrouwelijk"))


class ZaakSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Zaak
        fields = ("url", "uuid", "zaaktype", "startdatum", "registratie", "einddatum", "gemeente", "vertrouwelijk")
        extra_kwargs = {"url": {"lookup_field": "uuid"}}


def known(request):
    """By a JWT as these systems check one: PyJWT, without leeway."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        raise NotAuthenticated()
    try:
        jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["iss", "iat", "exp", "client_id", "user_id", "user_representation"]})
    except jwt.InvalidTokenError as why:
        raise PermissionDenied(str(why)) from why


class Zaken(NotificationViewSetMixin, viewsets.ModelViewSet):
    queryset, serializer_class, lookup_field, notifications_kanaal = Zaak.objects.all(), ZaakSerializer, "uuid", ZAKEN

    def retrieve(self, request, *arguments, **more):
        known(request)
        return super().retrieve(request, *arguments, **more)


class Notificaties(APIView):
    """As an NRC takes them: the channel must be there, and the kenmerken are its filters or some of them."""

    def get(self, request):
        return Response([row.bericht for row in Ontvangen.objects.order_by("pk")])

    def post(self, request):
        known(request)
        notification = NotificatieSerializer(data=request.data)
        if not notification.is_valid():
            return wrong([{"name": name, "code": error.code, "reason": str(error)} for name, errors in notification.errors.items() for error in errors])
        channel = Kanalen.objects.filter(naam=notification.validated_data["kanaal"]).first()
        if not channel:
            return wrong([{"name": "kanaal", "code": "message_kanaal", "reason": "no such channel"}])
        names = set(notification.validated_data["kenmerken"])
        if not (names <= set(channel.filters) or names >= set(channel.filters)):
            return wrong([{"name": "kenmerken", "code": "kenmerken_inconsistent", "reason": "others than the channel's"}])
        Ontvangen.objects.create(bericht={**request.data, "kenmerken": dict(request.data["kenmerken"])})
        return Response(notification.data, status=201)


def wrong(params):
    return Response({"code": "invalid", "status": 400, "invalid_params": params}, status=400, content_type="application/problem+json")


class KanaalView(APIView):
    def get(self, request):
        known(request)
        rows = Kanalen.objects.filter(naam=request.query_params["naam"]) if "naam" in request.query_params else Kanalen.objects.all()
        return Response([{"naam": row.naam, "filters": row.filters} for row in rows])

    def post(self, request):
        known(request)
        if not request.data.get("documentatie_link", "").startswith("http"):
            raise ValidationError("documentatieLink")
        Kanalen.objects.create(naam=request.data["naam"], filters=request.data["filters"])
        return Response(request.data, status=201)


router = routers.SimpleRouter(trailing_slash=False)
router.register("zaken/api/v1/zaken", Zaken)
urlpatterns = [*router.urls, path("api/v1/notificaties", Notificaties.as_view()), path("api/v1/kanaal", KanaalView.as_view())]


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main():
    from django.core.wsgi import get_wsgi_application
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as schema:
        for model in (Zaak, Kanalen, Ontvangen):
            schema.create_model(model)
    config = NotificationsConfig.get_solo()
    config.notifications_api_service = Service.objects.create(label="hub", slug="hub", api_type=APITypes.nrc, api_root=HUB + "/", client_id="zaaksysteem",
                                                              secret=SECRET, auth_type=AuthTypes.zgw)
    config.save()
    server = wsgiref.simple_server.make_server("127.0.0.1", PORT, get_wsgi_application(), Server, Quiet)
    print(json.dumps({"ready": datetime.datetime.now().isoformat(), "django": django.get_version()}), flush=True)
    server.serve_forever()


main()
