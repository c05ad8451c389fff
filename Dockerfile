FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data

RUN useradd --create-home --uid 10001 assent && install -d -o assent -g assent /data
WORKDIR /app

ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-s3.txt ./
RUN pip install --no-cache-dir --require-hashes -r "$REQUIREMENTS"
COPY . .
# What `serve` would otherwise do when it starts. The key is for this one command.
RUN SECRET_KEY=only-while-building-this-image-0000000000 DJANGO_SETTINGS_MODULE=config.settings \
    python -c "import django; django.setup(); from config.management import assets; assets.collect()" \
    && chown -R assent:assent /data

USER assent
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=2)"]
CMD ["python", "manage.py", "serve"]
