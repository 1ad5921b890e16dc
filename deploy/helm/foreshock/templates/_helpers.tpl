{{- define "foreshock.labels" -}}
app.kubernetes.io/name: foreshock
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "foreshock.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
