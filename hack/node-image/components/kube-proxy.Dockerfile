# kube-proxy: the control plane's image with iptables and conntrack, and the libraries that these load.
ARG ROOTFS_IMAGE
ARG CONTROL_PLANE_IMAGE
FROM $ROOTFS_IMAGE AS tools
COPY collect-proxy-tools.sh /
RUN /collect-proxy-tools.sh /out
FROM $CONTROL_PLANE_IMAGE
COPY --from=tools /out/ /
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
