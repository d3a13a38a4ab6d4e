"""Orchestration: runs the stages in Airflow. It is the only package that imports airflow.

In: the clock, an asset event or the conf of a run started by hand; Airflow connections. Out: calls of the stages with
batch ids, asset events, alerts. Never: business rules, record data in XCom, or an import of pandas or Great
Expectations while a DAG file is parsed.
"""
