{{/* Booting includes waiting for the schema, which a migration may take minutes to make. */}}
{{- define "service.probes" -}}
startupProbe:
  httpGet: {path: /startupz, port: ops}
  periodSeconds: 1
  failureThreshold: {{ .Values.startWithinSeconds }}
readinessProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: 3
  failureThreshold: 2
  timeoutSeconds: 3
livenessProbe:
  httpGet: {path: /livez, port: ops}
  periodSeconds: 10
  failureThreshold: 6
  timeoutSeconds: 5
{{- end }}

{{- define "service.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range .Values.spreadOver }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "service.selectors" $ | nindent 8 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}{{ tpl (toYaml .) $ | nindent 2 }}{{ end }}
{{- end }}
