FROM scratch
COPY bin/etcd /usr/local/bin/etcd
ENV PATH=/usr/local/bin
