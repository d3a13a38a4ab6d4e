"""Orchestration: when the stages run, in Airflow. The only package that imports airflow.

In: the clock, an asset event or somebody's conf; Airflow connections. Out: calls of the stages with batch
ids, asset events, alerts. Never: business rules, record data in XCom, pandas or Great Expectations while a
DAG file is parsed.
"""
