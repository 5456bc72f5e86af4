# Sipwise rtpengine from Debian, in user space.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends rtpengine-daemon \
 && rm -rf /var/lib/apt/lists/*
USER nobody
ENTRYPOINT ["rtpengine", "--foreground", "--log-stderr", "--table=-1", "--timeout=3600", "--pidfile=/tmp/rtpengine.pid"]
CMD ["--interface=172.30.7.20", "--listen-ng=172.30.7.20:22222", "--listen-http=172.30.7.20:9900", "--port-min=30000", "--port-max=30999"]
