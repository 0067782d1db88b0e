# The volume provisioner, and the shell of the pods by which it makes and removes folders on the node.
ARG ROOTFS_IMAGE
FROM $ROOTFS_IMAGE AS shell
RUN mkdir -p /out/bin && cp /bin/busybox /out/bin/ && for applet in sh mkdir rm; do ln -s busybox "/out/bin/$applet"; done
FROM scratch
COPY --from=shell /out/ /
COPY bin/local-path-provisioner /usr/bin/local-path-provisioner
ENV PATH=/bin:/usr/bin
