"""
The example's Celery app. A worker is only needed with a broker:

    CELERY_BROKER_URL=redis://localhost:6379/0 celery -A example_project worker
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

app = Celery("example_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
