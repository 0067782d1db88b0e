# kube-apiserver, kube-controller-manager and kube-scheduler: one binary that goes by the name it is called by.
ARG ROOTFS_IMAGE
FROM $ROOTFS_IMAGE AS links
COPY bin/hyperkube /out/usr/local/bin/hyperkube
RUN for component in kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do \
      ln -s hyperkube "/out/usr/local/bin/$component"; \
    done
FROM scratch
COPY --from=links /out/ /
ENV PATH=/usr/local/bin
